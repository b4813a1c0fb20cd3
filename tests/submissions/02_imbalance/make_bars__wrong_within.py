# marks: 0.0  mistake: within
def make_bars(time_s, mid, flow, obi, edges):
    row = np.searchsorted(time_s, edges, side="right") - 1
    move = []
    for k in range(len(edges) - 1):
        inside = mid[(time_s > edges[k]) & (time_s <= edges[k + 1])]
        move.append(inside[-1] - inside[0] if len(inside) else 0.0)
    return np.array(move), np.diff(np.cumsum(flow)[row]), obi[row[:-1]]
