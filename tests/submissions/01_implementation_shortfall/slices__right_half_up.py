# marks: 4.0
def slices(quantity, weights):
    total, done, out, running = sum(weights), 0, [], 0.0
    for weight in weights:
        running += weight
        target = int(quantity * running / total + 0.5)
        out.append(target - done)
        done = target
    return out
