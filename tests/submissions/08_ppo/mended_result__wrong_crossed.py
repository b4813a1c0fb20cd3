# marks: 0.0  mistake: crossed
def mended_result(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    return test[:, chosen].mean(), chosen
