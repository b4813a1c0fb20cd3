# marks: 5
def checked_call(parameters, text):
    try:
        given = json.loads(text)
        json.dumps(given, allow_nan=False)
    except ValueError:
        return {}, "json"
    if not isinstance(given, dict):
        return {}, "object"
    if not given.keys() <= parameters["properties"].keys():
        return {}, "unknown"

    def reason(name, rule):
        if name not in given:
            return "missing" if name in parameters["required"] else ""
        value = given[name]
        if rule["type"] == "string":
            if not isinstance(value, str):
                return "type"
            return "" if value in rule.get("enum", (value,)) else "range"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return "type"
        if rule["type"] == "integer" and isinstance(value, float):
            return "type"
        below = "minimum" in rule and value < rule["minimum"]
        above = "maximum" in rule and value > rule["maximum"]
        return "range" if below or above else ""

    for name, rule in parameters["properties"].items():
        why = reason(name, rule)
        if why:
            return {}, why
    filled = {name: rule["default"] for name, rule in parameters["properties"].items()
              if "default" in rule}
    return {**filled, **given}, ""
