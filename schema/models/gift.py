"""Daily gifts: when each member had the last one."""

from sqlalchemy.orm import Mapped

from schema.base import Base, Moment, SnowflakeKey


class Gift(Base):
    """The moment of a member's last gift, by Discord's clock."""

    __tablename__ = "gifts"

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    given_at: Mapped[Moment]
