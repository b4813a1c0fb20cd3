# marks: 0.0  mistake: reported_validation
def mended_result(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    kept = validation[np.arange(len(test)), chosen].mean(axis=1)
    return kept.mean(), chosen
