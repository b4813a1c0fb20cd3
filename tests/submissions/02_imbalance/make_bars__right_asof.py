# marks: 5.0
def make_bars(time_s, mid, flow, obi, edges):
    states = pd.DataFrame({"t": time_s, "mid": mid, "total": np.cumsum(flow), "obi": obi})
    found = pd.merge_asof(pd.DataFrame({"t": np.asarray(edges, dtype=float)}), states, on="t")
    return (found["mid"].diff().to_numpy()[1:], found["total"].diff().to_numpy()[1:],
            found["obi"].to_numpy()[:-1])
