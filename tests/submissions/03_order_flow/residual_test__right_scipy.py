# marks: 6.0
def residual_test(times, mu, alpha, beta):
    from scipy.stats import kstest
    residuals, rate, last = [], 0.0, 0.0
    for t in times:
        fallen = rate * np.exp(-beta * (t - last))
        residuals.append(mu * (t - last) + (rate - fallen) / beta)
        rate, last = fallen + alpha, t
    return np.array(residuals), kstest(residuals, "expon").statistic
