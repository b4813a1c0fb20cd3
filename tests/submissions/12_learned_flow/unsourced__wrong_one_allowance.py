# marks: 0.5  mistake: fixed
def unsourced(figures, values):
    names = {"%": "share", "": "count"}
    out = []
    for n, (text, unit) in enumerate(figures):
        x = float(text.replace(",", ""))
        known = [v * (100 if unit == "%" else 1) for v, held in values
                 if held == names.get(unit, unit)]
        if not any(abs(x - v) < 0.005 for v in known):
            out.append(n)
    return out
