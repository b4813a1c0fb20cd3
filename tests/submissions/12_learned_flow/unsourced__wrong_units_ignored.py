# marks: 1.25  mistake: units_ignored
def unsourced(figures, values):
    out = []
    for n, (text, unit) in enumerate(figures):
        x = float(text.replace(",", ""))
        half = 0.5 * 10 ** -len(text.partition(".")[2])
        if not any(abs(x - (100 * v if unit == "%" else v)) <= half for v, _ in values):
            out.append(n)
    return out
