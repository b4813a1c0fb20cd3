# marks: 6
def block_p(reference, live, length, starts_reference, starts_live):
    def means(own, starts):
        n, out = len(own), []
        for row in starts:
            rows = [(s + j) % n for s in row for j in range(length)][:n]
            out.append(np.mean([own[k] for k in rows]) - np.mean(own))
        return np.array(out)

    moved = means(live, starts_live) - means(reference, starts_reference)
    seen = abs(np.mean(live) - np.mean(reference))
    count = 1 + sum(abs(t) > seen or math.isclose(abs(t), seen) for t in moved)
    return count / (1 + len(moved))
