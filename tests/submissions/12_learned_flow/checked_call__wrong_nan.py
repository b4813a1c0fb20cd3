# marks: 4.75  mistake: nan
def checked_call(parameters, text):
    try:
        given = json.loads(text)
    except ValueError:
        return {}, "json"
    if not isinstance(given, dict):
        return {}, "object"
    if any(name not in parameters["properties"] for name in given):
        return {}, "unknown"
    good = {}
    for name, rule in parameters["properties"].items():
        if name not in given:
            if name in parameters["required"]:
                return {}, "missing"
            if "default" in rule:
                good[name] = rule["default"]
            continue
        value = given[name]
        kind = {"string": (str,), "number": (int, float), "integer": (int,)}[rule["type"]]
        if type(value) not in kind:
            return {}, "type"
        if value not in rule.get("enum", [value]):
            return {}, "range"
        if "minimum" in rule and not value >= rule["minimum"]:
            return {}, "range"
        if "maximum" in rule and value > rule["maximum"]:
            return {}, "range"
        good[name] = value
    return good, ""
