# marks: 4.75  mistake: booleans
def checked_call(parameters, text):
    try:
        given = json.loads(text)
        json.dumps(given, allow_nan=False)
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
        if not isinstance(value, kind):
            return {}, "type"
        if value not in rule.get("enum", [value]):
            return {}, "range"
        if "minimum" in rule and value < rule["minimum"]:
            return {}, "range"
        if "maximum" in rule and value > rule["maximum"]:
            return {}, "range"
        good[name] = value
    return good, ""
