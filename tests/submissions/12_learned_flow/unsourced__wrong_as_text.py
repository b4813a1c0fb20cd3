# marks: 4.75  mistake: as_text
def unsourced(figures, values):
    found = []
    for k, (written, unit) in enumerate(figures):
        decimals = len(written.partition(".")[2])
        held = {"%": "share", "": "count"}.get(unit, unit)
        shown = [f"{value * (100 if unit == '%' else 1):.{decimals}f}"
                 for value, own in values if own == held]
        if written.replace(",", "") not in shown:
            found.append(k)
    return found
