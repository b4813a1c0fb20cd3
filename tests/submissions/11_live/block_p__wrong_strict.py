# marks: 5  mistake: strict
def block_p(reference, live, length, starts_reference, starts_live):
    drawn = []
    for own, starts in ((reference, starts_reference), (live, starts_live)):
        at = (starts[:, :, None] + np.arange(length)) % len(own)
        at = at.reshape(len(starts), -1)[:, : len(own)]
        drawn.append(own[at].mean(axis=1) - own.mean())
    null, seen = drawn[1] - drawn[0], live.mean() - reference.mean()
    count = (np.abs(null) > abs(seen) + 1e-12).sum()
    return float((1 + count) / (1 + len(null)))
