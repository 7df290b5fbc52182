"""Bodies that follow the rules which a schema cannot express, as near to the generated ones as may be."""

ADDRESSES = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "::ffff:192.0.2.1", "203.0.113.9/32", "192.0.2.0/24"]
# The service takes 8 objects inside each other and 64 tests; these stay clear of where exactly it counts.
DEEPEST, MOST_TESTS = 6, 60


def draft(body, choice, store):
    """A token that can be made."""
    return _rules(body, choice, store)


def edit(body, choice, store, version):
    """A change that can be made to this version."""
    return {**_rules(body, choice, store), "version": version}


def rotation(body, choice, version, cut):
    """A rotation that this version can go through; where all is cut off at once, without an overlap."""
    body = {**body, "version": version}
    if "overlapSeconds" in body:
        body["overlapSeconds"] = 0 if cut else choice % 604_801
    return body


def _rules(body, choice, store):
    body = dict(body)
    body["name"] = _name(body.get("name"), store)
    if "expiry" in body:
        body["expiry"] = store.ahead(1 + choice % 700)
    if "permissions" in body:
        first = choice % len(store.catalog)
        body["permissions"] = (store.catalog[first:] + store.catalog[:first])[: 1 + choice % 7]
    if "allowedAddresses" in body:
        body["allowedAddresses"] = ADDRESSES[choice % len(ADDRESSES) :] if choice % 5 else []
    for field in ("owner", "description"):
        if field in body:
            body[field] = _plain(body[field])
    if "metadata" in body:
        pairs = list(body["metadata"].items()) if isinstance(body["metadata"], dict) else []
        body["metadata"] = {key: _plain(value) for key, value in pairs[:20]}
    return body


def _plain(value):
    """The letters and digits of a text, which every annotation may have."""
    return "".join(letter for letter in str(value) if letter.isascii() and letter.isalnum())[:60]


def _name(name, store):
    """What letters and digits the generated name has, and something that makes it the only one."""
    kept = "".join(letter for letter in name if letter.isalnum()) if isinstance(name, str) else ""
    return f"{kept[:30]} {store.fresh('name')}"


def whole_numbers(value):
    """1.0 as 1: to a schema they are the same, to the service only one is written as a whole number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    return value


def filter_within_bounds(value):
    return _depth(value) <= DEEPEST and _tests(value) <= MOST_TESTS and not any(map(_is_vague, value.values()))


def _is_vague(value):
    """Whether an object without tests is in there, which is refused within a filter."""
    if isinstance(value, dict):
        return not value or any(map(_is_vague, value.values()))
    return any(map(_is_vague, value)) if isinstance(value, list) else False


def _depth(value):
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _tests(value):
    if isinstance(value, dict):
        return sum(max(1, _tests(item)) for item in value.values())
    return sum(map(_tests, value)) if isinstance(value, list) else 0
