# marks: 2.75  mistake: sign_ignored
def unsourced(figures, values):
    names = {"%": "share", "": "count"}
    out = []
    for n, (text, unit) in enumerate(figures):
        x = abs(float(text.replace(",", "")))
        half = 0.5 * 10 ** -len(text.partition(".")[2])
        known = [abs(v) * (100 if unit == "%" else 1) for v, held in values
                 if held == names.get(unit, unit)]
        if not any(abs(x - v) <= half for v in known):
            out.append(n)
    return out
