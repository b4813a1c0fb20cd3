# marks: 0.0  mistake: on_test
def mended_result(validation, test):
    chosen = test.mean(axis=2).argmin(axis=1)
    kept = test[np.arange(len(test)), chosen].mean(axis=1)
    return kept.mean(), chosen
