# marks: 4.0
def make_bars(time_s, mid, flow, obi, edges):
    row = np.searchsorted(time_s, edges, side="right") - 1
    seen = np.diff(row) > 0
    move = np.where(seen, np.diff(mid[row]), np.nan)
    ofi = np.where(seen, np.diff(np.cumsum(flow)[row]), np.nan)
    return move, ofi, np.where(seen, obi[row[:-1]], np.nan)
