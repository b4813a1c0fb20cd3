# marks: 4.75  mistake: zeros_lost
def unsourced(figures, values):
    names = {"%": "share", "": "count"}
    out = []
    for n, (text, unit) in enumerate(figures):
        x = float(text.replace(",", ""))
        decimals = len(str(x).split(".")[1]) if x != int(x) else 0
        known = [v * (100 if unit == "%" else 1) for v, held in values
                 if held == names.get(unit, unit)]
        if not any(abs(x - v) <= 0.5 * 10 ** -decimals for v in known):
            out.append(n)
    return out
