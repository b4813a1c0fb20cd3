# marks: 4.0
def known_signal(flow):
    answer, past = [], []
    for f in flow:
        spread = np.std(past) if len(past) > 1 else 0.0
        answer.append((past[-1] - np.mean(past)) / spread if spread > 0 else float("nan"))
        past.append(f)
    return answer
