# marks: 0.0  mistake: lucky_seed
def mended_result(validation, test):
    chosen = validation.mean(axis=2).argmin(axis=1)
    kept = test[np.arange(len(test)), chosen].mean(axis=1)
    return kept.min(), chosen
