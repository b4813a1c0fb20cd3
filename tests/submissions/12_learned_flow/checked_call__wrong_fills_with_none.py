# marks: 4  mistake: filled
def checked_call(parameters, text):
    def no(name):
        raise ValueError(name)

    try:
        given = json.loads(text, parse_constant=no)
    except ValueError:
        return {}, "json"
    if not isinstance(given, dict):
        return {}, "object"
    if set(given) - set(parameters["properties"]):
        return {}, "unknown"
    kinds = {"string": [str], "integer": [int], "number": [int, float]}
    arguments = {}
    for name, rule in parameters["properties"].items():
        if name not in given:
            if name in parameters["required"]:
                return {}, "missing"
            arguments[name] = rule.get("default")
            continue
        value = given[name]
        if type(value) not in kinds[rule["type"]]:
            return {}, "type"
        if ("enum" in rule and value not in rule["enum"]
                or "minimum" in rule and value < rule["minimum"]
                or "maximum" in rule and value > rule["maximum"]):
            return {}, "range"
        arguments[name] = value
    return arguments, ""
