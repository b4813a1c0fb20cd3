# marks: 2.0
def top_of_book(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    best_bid = best_ask = None
    for i in range(len(bid_ticks)):
        if best_bid is None or bid_ticks[i] > best_bid[0]:
            best_bid = (bid_ticks[i], bid_sizes[i])
    for i in range(len(ask_ticks)):
        if best_ask is None or ask_ticks[i] < best_ask[0]:
            best_ask = (ask_ticks[i], ask_sizes[i])
    answer = {"spread_ticks": None, "mid_ticks": None, "bid_size": None, "ask_size": None}
    if best_bid:
        answer["bid_size"] = best_bid[1]
    if best_ask:
        answer["ask_size"] = best_ask[1]
    if best_bid and best_ask:
        answer["spread_ticks"] = best_ask[0] - best_bid[0]
        answer["mid_ticks"] = 0.5 * best_ask[0] + 0.5 * best_bid[0]
    return answer
