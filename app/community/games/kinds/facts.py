"""The questions of the quizzes, each with its right answer first, then three wrong ones. No I/O."""

from dataclasses import dataclass

from app.core.translations import marked


@dataclass(frozen=True)
class Fact:
    """A question and its four answers, the right one first; marked for translation."""

    question: str
    answers: tuple[str, str, str, str]


FACTS = (
    Fact(
        marked("Which planet is nearest to the Sun?"),
        (marked("Mercury"), marked("Venus"), "Mars", marked("Earth")),
    ),
    Fact(
        marked("Which planet has the most mass?"),
        ("Jupiter", marked("Saturn"), "Neptune", "Uranus"),
    ),
    Fact(
        marked("How long does sunlight take to reach the Earth?"),
        (marked("About 8 minutes"), marked("About 8 seconds"), marked("About 8 hours"), marked("About 8 days")),
    ),
    Fact(
        marked("Which chemical element has the symbol Fe?"),
        (marked("Iron"), marked("Fluorine"), marked("Lead"), marked("Tin")),
    ),
    Fact(
        marked("Which gas do plants take in to make sugar?"),
        (marked("Carbon dioxide"), marked("Oxygen"), marked("Nitrogen"), marked("Helium")),
    ),
    Fact(
        marked("At how many degrees Celsius does water boil at sea level?"),
        ("100", "90", "110", "212"),
    ),
    Fact(
        marked("How many bones does an adult human usually have?"),
        ("206", "186", "256", "306"),
    ),
    Fact(
        marked("How many hearts does an octopus have?"),
        ("3", "1", "2", "8"),
    ),
    Fact(
        marked("Which is the largest animal alive?"),
        (
            marked("The blue whale"),
            marked("The African elephant"),
            marked("The giant squid"),
            marked("The whale shark"),
        ),
    ),
    Fact(
        marked("Which mammal can really fly?"),
        (marked("The bat"), marked("The flying squirrel"), marked("The sugar glider"), marked("The colugo")),
    ),
    Fact(
        marked("How many legs does a spider have?"),
        ("8", "6", "10", "12"),
    ),
    Fact(
        marked("What is a group of wolves called?"),
        (marked("A pack"), marked("A herd"), marked("A flock"), marked("A school")),
    ),
    Fact(
        marked("Which blood cells carry oxygen?"),
        (marked("Red blood cells"), marked("White blood cells"), marked("Platelets"), marked("Nerve cells")),
    ),
    Fact(
        marked("What is the hardest natural substance?"),
        (marked("Diamond"), marked("Quartz"), marked("Granite"), marked("Iron")),
    ),
    Fact(
        marked("Which is the longest river of France?"),
        (marked("The Loire"), marked("The Seine"), marked("The Rhône"), marked("The Garonne")),
    ),
    Fact(
        marked("What is the capital of Australia?"),
        ("Canberra", "Sydney", "Melbourne", "Perth"),
    ),
    Fact(
        marked("What is the capital of Canada?"),
        ("Ottawa", "Toronto", marked("Montreal"), "Vancouver"),
    ),
    Fact(
        marked("Which is the smallest country in the world?"),
        (marked("Vatican City"), "Monaco", marked("San Marino"), marked("Malta")),
    ),
    Fact(
        marked("Which ocean is the largest?"),
        (marked("The Pacific"), marked("The Atlantic"), marked("The Indian Ocean"), marked("The Arctic Ocean")),
    ),
    Fact(
        marked("On which continent does the Sahara lie?"),
        (marked("Africa"), marked("Asia"), marked("Oceania"), marked("South America")),
    ),
    Fact(
        marked("Which mountain is the highest above sea level?"),
        (marked("Mount Everest"), marked("K2"), marked("Mont Blanc"), marked("Kilimanjaro")),
    ),
    Fact(
        marked("Which country has the shape of a boot?"),
        (marked("Italy"), marked("Greece"), marked("Portugal"), marked("Norway")),
    ),
    Fact(
        marked("Which sea lies between Europe and Africa?"),
        (marked("The Mediterranean"), marked("The Black Sea"), marked("The Red Sea"), marked("The Baltic")),
    ),
    Fact(
        marked("In which city does the Eiffel Tower stand?"),
        ("Paris", "Lyon", marked("Brussels"), marked("Geneva")),
    ),
    Fact(
        marked("In which year did people first walk on the Moon?"),
        ("1969", "1959", "1975", "1981"),
    ),
    Fact(
        marked("In which year did the Berlin Wall fall?"),
        ("1989", "1979", "1991", "1999"),
    ),
    Fact(
        marked("In which year did the French Revolution begin?"),
        ("1789", "1689", "1815", "1848"),
    ),
    Fact(
        marked("Who painted the Mona Lisa?"),
        (marked("Leonardo da Vinci"), marked("Michelangelo"), marked("Raphael"), marked("Titian")),
    ),
    Fact(
        marked("Who wrote Romeo and Juliet?"),
        ("William Shakespeare", "Charles Dickens", "Molière", "Victor Hugo"),
    ),
    Fact(
        marked("Who wrote The Count of Monte Cristo?"),
        ("Alexandre Dumas", "Jules Verne", "Émile Zola", "Gustave Flaubert"),
    ),
    Fact(
        marked("Which monster does Beowulf fight in the hall Heorot?"),
        ("Grendel", "Fenrir", "Smaug", marked("The Minotaur")),
    ),
    Fact(
        marked("Who composed the opera The Magic Flute?"),
        ("Mozart", "Beethoven", "Verdi", "Wagner"),
    ),
    Fact(
        marked("How many strings does a violin have?"),
        ("4", "5", "6", "7"),
    ),
    Fact(
        marked("How many keys does a full piano have?"),
        ("88", "76", "96", "104"),
    ),
    Fact(
        marked("How many squares does a chessboard have?"),
        ("64", "49", "81", "100"),
    ),
    Fact(
        marked("Which chess piece moves only diagonally?"),
        (marked("The bishop"), marked("The rook"), marked("The knight"), marked("The king")),
    ),
    Fact(
        marked("How many players of one team are on the field in football?"),
        ("11", "9", "10", "13"),
    ),
    Fact(
        marked("How often are the Summer Olympics held?"),
        (marked("Every 4 years"), marked("Every 2 years"), marked("Every 3 years"), marked("Every 5 years")),
    ),
    Fact(
        marked("How many sides does a hexagon have?"),
        ("6", "5", "7", "8"),
    ),
    Fact(
        marked("Which number is prime?"),
        ("97", "91", "87", "93"),
    ),
    Fact(
        marked("What is the square root of 144?"),
        ("12", "11", "13", "14"),
    ),
    Fact(
        marked("How many bits are in a byte?"),
        ("8", "4", "10", "16"),
    ),
    Fact(
        marked("Which number does the Roman numeral L stand for?"),
        ("50", "10", "100", "500"),
    ),
    Fact(
        marked("How many minutes are in a day?"),
        (marked("1,440"), marked("1,240"), marked("2,400"), marked("3,600")),
    ),
    Fact(
        marked("From which animal does cashmere come?"),
        (marked("The goat"), marked("The sheep"), marked("The rabbit"), marked("The camel")),
    ),
    Fact(
        marked("Which spice is the most expensive by weight?"),
        (marked("Saffron"), marked("Vanilla"), marked("Cinnamon"), marked("Pepper")),
    ),
    Fact(
        marked("Which colours make green?"),
        (marked("Blue and yellow"), marked("Red and blue"), marked("Red and yellow"), marked("White and red")),
    ),
    Fact(
        marked("Which metal is liquid at room temperature?"),
        (marked("Quicksilver"), marked("Zinc"), marked("Silver"), marked("Nickel")),
    ),
)
