// A zero-intelligence market in plain C++, for `lobsim bench market`.
//
// What a good C++ programmer would write for this one market: a Poisson clock whose events are
// limit orders at random distances, cancellations of a random slot and market orders, with the
// book layout of lobsim's engine and the hashed random streams of its market. It starts from a
// given book and must end with the same number of messages and the same book, order by order. It
// knows nothing else: no makers, efficient price, own orders, latency, halts or recording, so it
// has less to do than the simulator it is compared with.
//
//   market_twin STATE
//
// reads the file of `market_twin.py`. For each line on standard input (a time in nanoseconds) it
// starts anew, runs until then and writes one line: nanoseconds of processor time, messages,
// events, limit orders, cancellations, market orders, fills, lots traded, checksum of the book.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using i64 = std::int64_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;

struct Order {
    i32 order_id, price_ticks, size, owner, next, prev, side, tag;
};
static_assert(sizeof(Order) == 32);

struct Level {
    i64 total;
    i32 head, tail, count, pad;
};
static_assert(sizeof(Level) == 24);

struct Fill {
    i64 time_ns;
    i32 message_index, price_ticks, size, maker_id, taker_id;
    i32 maker_owner, taker_owner, maker_left;
    std::int16_t taker_side, pad[3];
};
static_assert(sizeof(Fill) == 48);

constexpr u64 golden = 0x9E3779B97F4A7C15;

u64 mix(u64 z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

u64 word(u64 key, u64 index) { return mix(key + (index + 1) * golden); }

double uniform(u64 bits) { return double(bits >> 11) / 9007199254740992.0; }

// Leading zeros are geometric, the bits after the first one uniform: -log(u) without libm.
double exponential(u64 bits)
{
    constexpr double ln2 = 0.6931471805599453;
    double total = ln2;
    for (int k = 0; k < 64 && !(bits >> 63); ++k) {
        bits <<= 1;
        total += ln2;
    }
    const double fraction = double((bits >> 11) & ((u64(1) << 52) - 1)) / 4503599627370496.0;
    const double s = fraction / (2.0 + fraction), q = s * s;
    return total - 2.0 * s
        * (1.0 + q * (1.0 / 3 + q * (0.2 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11))))));
}

struct Parameters {
    double limit, cancel, total, meta_min;  // rates per second; least length of a meta-order
    i64 day_start_ns, max_live, partial, low, high, own_room;
    u64 flow_key, meta_key;
};

struct Moving {  // what a run changes, beside the book
    i64 now_ns, base_ns, grid_ns, minute_end_ns;
    i64 events, minute, meta_left, meta_side, next_id, messages;
    i64 limits, cancels, markets, fills, volume;
    double fair, aside;  // what makers believe in, and where they fall back to at the grid
};

class Market {
public:
    Parameters p;
    Moving m;
    std::vector<double> activity;
    std::vector<i64> distances, limit_sizes, market_sizes;

    void load(const std::vector<Order>& orders, const std::vector<Level>& levels, i64 free_slot)
    {
        orders_ = orders;
        levels_ = levels;
        free_ = i32(free_slot);
        words_.assign(levels.size() / 64 + 1, 0);
        summary_.assign(words_.size() / 64 + 1, 0);
        count_[0] = count_[1] = 0;
        best_[0] = p.low - 1;
        best_[1] = p.high + 1;
        for (std::size_t slot = 1; slot < orders.size(); ++slot)
            if (orders[slot].size > 0) {
                const Order& order = orders[slot];
                const int a = order.side < 0;
                ++count_[a];
                mark(order.price_ticks - i32(p.low));
                if (order.side * (order.price_ticks - best_[a]) > 0)
                    best_[a] = order.price_ticks;
            }
        scratch_.resize(orders.size() + 1);
    }

    void run(i64 until_ns)
    {
        constexpr i64 grid_step_ns = 100'000'000;
        for (;;) {
            const bool grid = m.grid_ns <= m.base_ns;
            const i64 time_ns = grid ? m.grid_ns : m.base_ns;
            if (time_ns > until_ns)
                break;
            if (grid) {
                m.fair = m.aside;
                m.grid_ns = time_ns + grid_step_ns;
                follow_mid();
            } else {
                event(time_ns);
            }
        }
        m.now_ns = until_ns;
    }

    // All resting orders, best bid downward, then best ask upward, oldest first.
    u64 checksum() const
    {
        u64 sum = 0;
        const auto add = [&sum](i64 value) { sum = mix(sum ^ u64(value)); };
        for (int side : {1, -1})
            for (i64 index = best_[side < 0] - p.low;
                 index >= 0 && index < i64(levels_.size()); index -= side)
                if (levels_[index].count > 0 && orders_[levels_[index].head].side == side)
                    for (i32 slot = levels_[index].head; slot; slot = orders_[slot].next) {
                        const Order& order = orders_[slot];
                        for (i64 value : {i64(slot), i64(order.order_id), i64(order.price_ticks),
                                          i64(order.size), i64(order.side)})
                            add(value);
                    }
        return sum;
    }

private:
    i64 bid() const { return count_[0] > 0 ? best_[0] : -1; }
    i64 ask() const { return count_[1] > 0 ? best_[1] : -1; }
    i64 bid_or_aside() const { return count_[0] > 0 ? best_[0] : i64(std::floor(m.fair)) - 3; }
    i64 ask_or_aside() const { return count_[1] > 0 ? best_[1] : i64(std::ceil(m.fair)) + 3; }

    void follow_mid()
    {
        const i64 b = bid(), a = ask();
        if (b >= 0 && a >= 0)
            m.fair = 0.5 * double(b + a);
        else if (b >= 0)
            m.fair = double(b) + 0.5;
        else if (a >= 0)
            m.fair = double(a) - 0.5;
    }

    void event(i64 time_ns)
    {
        const u64 index = u64(m.events) * 4;
        const double choice = uniform(word(p.flow_key, index + 1)) * p.total;
        const u64 bits = word(p.flow_key, index + 2);
        if (choice < p.cancel)
            cancel(1 + i64(choice / p.cancel * double(p.max_live)), bits);
        else if (choice < p.cancel + p.limit)
            limit(bits);
        else
            market(bits, time_ns);
        ++m.events;
        m.base_ns = next_time(time_ns);
    }

    i64 next_time(i64 time_ns)
    {
        constexpr i64 minute_ns = 60'000'000'000;
        const i64 last = i64(activity.size()) - 1;
        double left = exponential(word(p.flow_key, u64(m.events) * 4)) / p.total;
        if (time_ns >= m.minute_end_ns || time_ns < p.day_start_ns) {
            i64 minute = time_ns < p.day_start_ns ? 0 : (time_ns - p.day_start_ns) / minute_ns;
            m.minute = minute < last ? minute : last;
            m.minute_end_ns = p.day_start_ns + (m.minute + 1) * minute_ns;
        }
        for (;;) {
            const double rate = activity[m.minute];
            const double span_s = double(m.minute_end_ns - time_ns) * 1e-9;
            if (left <= span_s * rate || m.minute == last || time_ns < p.day_start_ns)
                return time_ns + 1 + i64(left / rate * 1e9);
            left -= span_s * rate;
            time_ns = m.minute_end_ns;
            ++m.minute;
            m.minute_end_ns += minute_ns;
        }
    }

    i64 new_id()
    {
        if (++m.next_id > 2147483646)
            m.next_id = 1;
        return m.next_id;
    }

    void limit(u64 bits)
    {
        const int side = bits & 1 ? 1 : -1;
        const i64 distance = distances[(bits >> 10) & 1023];
        const i64 price = side > 0 ? ask_or_aside() - distance : bid_or_aside() + distance;
        if (count_[0] + count_[1] >= p.max_live - p.own_room || price < p.low || price > p.high)
            return;
        rest(side, i32(price), i32(limit_sizes[(bits >> 20) & 255]), i32(new_id()));
        ++m.messages;
        ++m.limits;
        follow_mid();
    }

    void cancel(i64 slot, u64 bits)
    {
        Order& order = orders_[slot];
        if (order.size == 0)
            return;
        const i32 half = order.size / 2;
        if (p.partial && (bits & 15) == 0 && half > 0) {
            order.size -= half;
            levels_[order.price_ticks - p.low].total -= half;
        } else {
            remove(i32(slot));
        }
        ++m.messages;
        ++m.cancels;
        follow_mid();
    }

    void market(u64 bits, i64 time_ns)
    {
        if (m.meta_left <= 0) {
            const u64 drawn = word(p.meta_key, u64(m.events));
            const double root = std::sqrt(1.0 - uniform(drawn));
            const double length = p.meta_min / (root * std::sqrt(root));
            m.meta_left = i64(length < 1000.0 ? length : 1000.0);
            m.meta_side = drawn & 1 ? 1 : -1;
        }
        --m.meta_left;
        const i64 side = m.meta_side, price = side > 0 ? ask_or_aside() : bid_or_aside();
        match(int(side), price, market_sizes[(bits >> 20) & 255], new_id(), time_ns);
        ++m.messages;
        ++m.markets;
        follow_mid();
    }

    void match(int side, i64 limit_ticks, i64 size, i64 taker_id, i64 time_ns)
    {
        const int a = side > 0;  // the other side
        i64 left = size, n = 0;
        while (left > 0 && count_[a] > 0 && side * (limit_ticks - best_[a]) >= 0) {
            const i64 price = best_[a];
            Level& level = levels_[price - p.low];
            const i32 slot = level.head;
            Order& maker = orders_[slot];
            const i32 traded = left < maker.size ? i32(left) : maker.size;
            scratch_[n++] = Fill{time_ns, i32(m.messages), i32(price), traded, maker.order_id,
                                 i32(taker_id), 0, 0, maker.size - traded, std::int16_t(side), {}};
            left -= traded;
            if (traded == maker.size) {
                remove(slot);
            } else {
                maker.size -= traded;
                level.total -= traded;
            }
        }
        for (i64 k = 0; k < n; ++k)
            m.volume += scratch_[k].size;
        m.fills += n;
    }

    void rest(int side, i32 price, i32 size, i32 order_id)
    {
        const i32 slot = free_;
        Order& order = orders_[slot];
        free_ = order.next;
        Level& level = levels_[price - p.low];
        order = Order{order_id, price, size, 0, 0, level.tail, side, 0};
        if (level.tail == 0) {
            level.head = slot;
            mark(price - i32(p.low));
        } else {
            orders_[level.tail].next = slot;
        }
        level.tail = slot;
        level.total += size;
        ++level.count;
        ++count_[side < 0];
        i64& best = best_[side < 0];
        best = side * (price - best) > 0 ? price : best;
    }

    void remove(i32 slot)
    {
        Order& order = orders_[slot];
        const i32 index = order.price_ticks - i32(p.low);
        Level& level = levels_[index];
        level.total -= order.size;
        --level.count;
        (order.prev ? orders_[order.prev].next : level.head) = order.next;
        (order.next ? orders_[order.next].prev : level.tail) = order.prev;
        order.size = 0;
        order.next = free_;
        free_ = slot;
        const int a = order.side < 0;
        --count_[a];
        if (level.count > 0)
            return;
        unmark(index);
        if (order.price_ticks != best_[a])
            return;
        if (count_[a] == 0)
            best_[a] = a ? p.high + 1 : p.low - 1;
        else
            best_[a] = p.low + (a ? above(index) : below(index));
    }

    void mark(std::uint32_t index)
    {
        words_[index / 64] |= u64(1) << index % 64;
        summary_[index / 4096] |= u64(1) << index / 64 % 64;
    }

    void unmark(std::uint32_t index)
    {
        words_[index / 64] &= ~(u64(1) << index % 64);
        if (words_[index / 64] == 0)
            summary_[index / 4096] &= ~(u64(1) << index / 64 % 64);
    }

    // The next occupied level; only asked where there is one.
    i64 above(std::uint32_t index) const
    {
        std::uint32_t w = index / 64;
        u64 bits = words_[w] & ~u64(0) << index % 64;
        if (bits == 0) {
            std::uint32_t group = w / 64;
            bits = summary_[group] & ~u64(1) << w % 64;
            while (bits == 0)
                bits = summary_[++group];
            w = group * 64 + __builtin_ctzll(bits);
            bits = words_[w];
        }
        return i64(w) * 64 + __builtin_ctzll(bits);
    }

    i64 below(std::uint32_t index) const
    {
        std::uint32_t w = index / 64;
        u64 bits = words_[w] & ((u64(1) << index % 64) - 1);
        if (bits == 0) {
            std::uint32_t group = w / 64;
            bits = summary_[group] & ((u64(1) << w % 64) - 1);
            while (bits == 0)
                bits = summary_[--group];
            w = group * 64 + 63 - __builtin_clzll(bits);
            bits = words_[w];
        }
        return i64(w) * 64 + 63 - __builtin_clzll(bits);
    }

    std::vector<Order> orders_;
    std::vector<Level> levels_;
    std::vector<u64> words_, summary_;
    std::vector<Fill> scratch_;
    i32 free_ = 0;
    i64 best_[2], count_[2];  // bids, asks
};

// Processor time of this thread, like Python's time.thread_time; wall time where there is none.
i64 clock_ns()
{
#ifdef CLOCK_THREAD_CPUTIME_ID
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return i64(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
#else
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
#endif
}

template <typename Record>
std::vector<Record> read_array(std::ifstream& input)
{
    i64 count = 0;
    input.read(reinterpret_cast<char*>(&count), sizeof count);
    std::vector<Record> records(input ? std::size_t(count) : 0);
    input.read(reinterpret_cast<char*>(records.data()), records.size() * sizeof(Record));
    return records;
}

}  // namespace

int main(int count, char** given)
{
    if (count != 2) {
        std::fputs("usage: market_twin STATE\n", stderr);
        return 2;
    }
    std::ifstream input(given[1], std::ios::binary);
    const auto parameters = read_array<Parameters>(input);
    const auto moving = read_array<Moving>(input);
    const auto free_slot = read_array<i64>(input);
    Market market;
    market.activity = read_array<double>(input);
    market.distances = read_array<i64>(input);
    market.limit_sizes = read_array<i64>(input);
    market.market_sizes = read_array<i64>(input);
    const auto orders = read_array<Order>(input);
    const auto levels = read_array<Level>(input);
    if (!input || parameters.size() != 1 || moving.size() != 1 || free_slot.size() != 1) {
        std::fputs("the file of the market cannot be read\n", stderr);
        return 1;
    }
    market.p = parameters[0];
    std::string line;
    while (std::getline(std::cin, line)) {
        market.m = moving[0];
        market.load(orders, levels, free_slot[0]);
        const i64 start_ns = clock_ns();
        market.run(std::stoll(line));
        const i64 stop_ns = clock_ns();
        const Moving& m = market.m;
        std::cout << stop_ns - start_ns << ' ' << m.messages << ' ' << m.events << ' ' << m.limits
                  << ' ' << m.cancels << ' ' << m.markets << ' ' << m.fills << ' ' << m.volume
                  << ' ' << market.checksum() << std::endl;
    }
    return 0;
}
