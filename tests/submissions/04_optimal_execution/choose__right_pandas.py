# marks: 4.0
def choose(aversions, expected, std, limit, z):
    table = pd.DataFrame({"a": aversions, "e": expected, "s": std})
    fits = table[table["s"] <= limit].sort_values("e")
    bad_day = table["e"] + z * table["s"]
    return (fits["a"].iloc[0] if len(fits) else np.nan), table["a"][bad_day.idxmin()]
