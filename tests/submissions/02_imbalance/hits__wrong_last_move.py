# marks: 0.0  mistake: last_move
def hits(mid, obi):
    step = np.diff(mid, prepend=mid[0])
    known = (step != 0) & (obi != 0)
    if not known.any():
        return float("nan"), float("nan")
    share = float((np.sign(obi[known]) == np.sign(step[known])).mean())
    return share, share
