# marks: 3  mistake: sign
def claim(desk, seen=None):
    if seen is not None:
        return act(seen, desk)
    return 0.0, 0.0, 0.0
