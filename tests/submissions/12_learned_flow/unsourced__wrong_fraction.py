# marks: 2.5  mistake: fraction
def unsourced(figures, values):
    names = {"%": "share", "": "count"}
    out = []
    for n, (text, unit) in enumerate(figures):
        x = float(text.replace(",", ""))
        half = 0.5 * 10 ** -len(text.partition(".")[2])
        if not any(abs(x - v) <= half for v, held in values if held == names.get(unit, unit)):
            out.append(n)
    return out
