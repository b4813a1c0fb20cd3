# marks: 4.0
def mended_urgency(volatility_year, price, eta, gamma, aversion, tau):
    one = AlmgrenChriss(1.0, 4 * tau, 4, volatility=volatility_year * price / 250**0.5,
                        temporary=eta, permanent=gamma)
    return one.kappa(aversion), one.decay_time(aversion)
