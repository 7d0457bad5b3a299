"""How many requests did the operator say that one may make?"""

from limits import parse

from api.throttle import GENEROUS, Kind, Rate, Throttle

OFF = "off"


def throttle_of(said: str) -> Throttle | None:
    """Return what counts requests by what is `said`, such as `reading=600/minute, acting=off`, or `off` for all.

    What is not named keeps its default. Raises ValueError for a kind or a rate that is none.
    """
    if said.strip() == OFF:
        return None
    rates = dict(GENEROUS)
    for each in filter(None, (part.strip() for part in said.split(","))):
        name, _, rate = (part.strip() for part in each.partition("="))
        kind = Kind(name)
        if rate == OFF:
            rates.pop(kind, None)
        else:
            item = parse(rate)
            if item.amount < 1:
                raise ValueError(f"{each}: a rate allows one request at least; `{name}={OFF}` allows any number")
            rates[kind] = Rate(item.amount, item.get_expiry())
    return Throttle(rates)
