# marks: 5
from decimal import Decimal


def unsourced(figures, values):
    out = []
    for n, (text, unit) in enumerate(figures):
        d = Decimal(text.replace(",", ""))
        half = float(Decimal(1).scaleb(d.as_tuple().exponent)) / 2
        ok = False
        for v, held in values:
            if held == "share" and unit == "%":
                ok = ok or abs(float(d) - v * 100) < half + 1e-12
            elif held == "count" and unit == "":
                ok = ok or abs(float(d) - v) < half
            elif held == unit:
                ok = ok or abs(float(d) - v) < half + 1e-12
        if not ok:
            out.append(n)
    return out
