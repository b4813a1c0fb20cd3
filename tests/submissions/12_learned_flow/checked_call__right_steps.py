# marks: 5
def checked_call(parameters, text):
    def strange(name):
        raise ValueError(name)

    try:
        given = json.loads(text, parse_constant=strange)
    except json.JSONDecodeError:
        return {}, "json"
    except ValueError:
        return {}, "json"
    if type(given) is not dict:
        return {}, "object"
    for name in given:
        if name not in parameters["properties"]:
            return {}, "unknown"
    good = {}
    for name, rule in parameters["properties"].items():
        if name in given:
            value, kind = given[name], rule["type"]
            if kind == "string":
                fits = type(value) is str
            elif kind == "integer":
                fits = type(value) is int
            else:
                fits = type(value) in (int, float)
            if not fits:
                return {}, "type"
            if value not in rule.get("enum", [value]):
                return {}, "range"
            if kind != "string" and not (
                    rule.get("minimum", value) <= value <= rule.get("maximum", value)):
                return {}, "range"
            good[name] = value
        elif name in parameters["required"]:
            return {}, "missing"
        elif "default" in rule:
            good[name] = rule["default"]
    return good, ""
