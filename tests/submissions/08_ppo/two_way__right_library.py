# marks: 5.0
def two_way(cost, benchmark):
    from lobsim.agents.comparing import two_way_interval
    return two_way_interval(cost - benchmark)
