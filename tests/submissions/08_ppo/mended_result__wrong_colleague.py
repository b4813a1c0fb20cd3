# marks: 0.0  mistake: colleague
def mended_result(validation, test):
    means = test.mean(axis=2)
    return means.min(), means.argmin(axis=1)
