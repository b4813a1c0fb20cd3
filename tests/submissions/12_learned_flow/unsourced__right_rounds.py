# marks: 5
def unsourced(figures, values):
    names = {"%": "share", "": "count"}

    def quotes(text, unit, value):
        decimals = len(text.split(".")[1]) if "." in text else 0
        value = value * 100 if unit == "%" else value
        return round(value, decimals) == float(text.replace(",", ""))

    return [k for k, (text, unit) in enumerate(figures)
            if not any(quotes(text, unit, v) for v, held in values if held == names.get(unit, unit))]
