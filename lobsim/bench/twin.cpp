// A plain matching loop in C++ with the layout of lobsim's engine, for `lobsim bench engine`.
//
// What a good C++ programmer would write for the common stream: orders in recycled slots of 32
// bytes, one level record a price, a two-level bitmap for the next occupied price, an array from
// ids to slots. It checks messages as the engine does. It knows LIMIT, MARKET, IOC and CANCEL
// only, and neither owners nor a self-trade policy, so it has less to do than the engine.
//
// Plainly written, it asks which side an order is on, and a processor guesses half of these jumps
// wrongly. Compiled with -DSIDES_COMPUTED it does as the engine does and computes where the side's
// numbers stand.
//
//   twin MESSAGES FILLS LOWEST_TICK HIGHEST_TICK HIGHEST_ID MOST_ORDERS
//
// reads the MESSAGE records of a file. For each line on standard input it applies them to an
// empty book and writes "nanoseconds fills rejects" of that run; at the end of the input it
// writes the FILL records of the last run to the second file.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

struct Message {
    std::int64_t time_ns;
    std::int32_t order_id, price_ticks, size, owner;
    std::int16_t kind, side;
    std::int32_t new_order_id;
};
static_assert(sizeof(Message) == 32);

struct Fill {
    std::int64_t time_ns;
    std::int32_t message_index, price_ticks, size, maker_id, taker_id;
    std::int32_t maker_owner, taker_owner, maker_left;
    std::int16_t taker_side, pad[3];
};
static_assert(sizeof(Fill) == 48);

struct Order {
    std::int32_t order_id, price_ticks, size, owner, next, prev, side, tag;
};
static_assert(sizeof(Order) == 32);

struct Level {
    std::int64_t total;
    std::int32_t head, tail, count, pad;
};
static_assert(sizeof(Level) == 24);

enum Kind { LIMIT = 1, MARKET = 2, IOC = 3, CANCEL = 6 };
enum { BID = 0, ASK = 1 };

class Book {
public:
    Book(int low, int high, int highest_id, int most_orders)
        : low_(low), high_(high), orders_(most_orders + 1), levels_(high - low + 1),
          words_((high - low) / 64 + 1), summary_((high - low) / 4096 + 1), slot_of_(highest_id + 1)
    {
        clear();
    }

    void clear()
    {
        orders_.assign(orders_.size(), Order{});
        levels_.assign(levels_.size(), Level{});
        words_.assign(words_.size(), 0);
        summary_.assign(summary_.size(), 0);
        slot_of_.assign(slot_of_.size(), 0);
        for (std::size_t slot = 1; slot < orders_.size(); ++slot)
            orders_[slot].next = slot + 1 < orders_.size() ? slot + 1 : 0;
        free_ = orders_.size() > 1 ? 1 : 0;
        best_[BID] = low_ - 1;
        best_[ASK] = high_ + 1;
        rejects_ = 0;
    }

    // Applies all messages; returns the number of fills.
    std::size_t process(const std::vector<Message>& messages, std::vector<Fill>& fills)
    {
        std::size_t n_fills = 0;
        for (std::size_t index = 0; index < messages.size(); ++index) {
            const Message& message = messages[index];
            bool accepted = false;
            if (message.kind == CANCEL)
                accepted = cancel(message);
            else if (message.kind == LIMIT || message.kind == MARKET || message.kind == IOC)
                accepted = enter(message, index, fills, n_fills);
            if (!accepted)
                ++rejects_;
        }
        return n_fills;
    }

    std::size_t rejects() const { return rejects_; }

private:
    bool cancel(const Message& message)
    {
        if (message.order_id < 1 || std::size_t(message.order_id) >= slot_of_.size())
            return false;
        const std::int32_t slot = slot_of_[message.order_id];
        if (slot <= 0 || orders_[slot].owner != message.owner)
            return false;
        remove(slot);
        return true;
    }

    bool enter(const Message& message, std::size_t index, std::vector<Fill>& fills,
               std::size_t& n_fills)
    {
        const bool buys = message.side == 1;
        if (!is_side(message.side) || message.size < 1 || message.owner < 0)
            return false;
        std::int32_t limit = message.price_ticks;
        if (message.kind == MARKET)
            limit = buys ? high_ : low_;
        if (limit < low_ || limit > high_ || message.order_id < 1
            || std::size_t(message.order_id) >= slot_of_.size() || slot_of_[message.order_id] != 0
            || (message.kind == LIMIT && free_ == 0))
            return false;
        std::int32_t left = message.size;
        while (left > 0 && crosses(message.side, limit)) {
            const std::int32_t price = best_[buys ? ASK : BID];
            Level& level = levels_[price - low_];
            const std::int32_t slot = level.head;
            Order& maker = orders_[slot];
            const std::int32_t traded = left < maker.size ? left : maker.size;
            const std::int32_t maker_left = maker.size - traded;
            fills[n_fills++] = Fill{message.time_ns, std::int32_t(index), price, traded,
                                    maker.order_id, message.order_id, maker.owner, message.owner,
                                    maker_left, message.side, {}};
            left -= traded;
            if (maker_left == 0) {
                remove(slot);
            } else {
                maker.size = maker_left;
                level.total -= traded;
            }
        }
        if (left > 0 && message.kind == LIMIT)
            rest(message, left);
        else
            slot_of_[message.order_id] = -1;
        return true;
    }

    void rest(const Message& message, std::int32_t size)
    {
        const std::int32_t slot = free_;
        Order& order = orders_[slot];
        free_ = order.next;
        const std::int32_t price = message.price_ticks;
        Level& level = levels_[price - low_];
        order = Order{message.order_id, price, size, message.owner, 0, level.tail, message.side, 0};
        slot_of_[message.order_id] = slot;
        if (level.tail == 0) {
            level.head = slot;
            mark(price - low_);
        } else {
            orders_[level.tail].next = slot;
        }
        level.tail = slot;
        level.total += size;
        ++level.count;
        improve(message.side, price);
    }

#ifdef SIDES_COMPUTED
    static bool is_side(int side) { return side * side == 1; }

    bool crosses(int side, std::int32_t limit) const
    {
        return side * (limit - best_[side > 0]) >= 0;
    }

    void improve(int side, std::int32_t price)
    {
        std::int32_t& best = best_[side < 0];
        best = side * (price - best) > 0 ? price : best;
    }
#else
    static bool is_side(int side) { return side == 1 || side == -1; }

    bool crosses(int side, std::int32_t limit) const
    {
        return side > 0 ? limit >= best_[ASK] : limit <= best_[BID];
    }

    void improve(int side, std::int32_t price)
    {
        if (side > 0) {
            if (price > best_[BID])
                best_[BID] = price;
        } else if (price < best_[ASK]) {
            best_[ASK] = price;
        }
    }
#endif

    void remove(std::int32_t slot)
    {
        Order& order = orders_[slot];
        const std::int32_t index = order.price_ticks - low_;
        Level& level = levels_[index];
        level.total -= order.size;
        --level.count;
        (order.prev ? orders_[order.prev].next : level.head) = order.next;
        (order.next ? orders_[order.next].prev : level.tail) = order.prev;
        slot_of_[order.order_id] = -1;
        order.size = 0;
        order.next = free_;
        free_ = slot;
        if (level.count == 0) {
            unmark(index);
            if (order.side > 0) {
                if (order.price_ticks == best_[BID])
                    best_[BID] = low_ + below(index);  // below() is -1 where nothing rests
            } else if (order.price_ticks == best_[ASK]) {
                const std::int32_t next = above(index);
                best_[ASK] = next < 0 ? high_ + 1 : low_ + next;
            }
        }
    }

    void mark(std::uint32_t index)
    {
        words_[index / 64] |= std::uint64_t(1) << index % 64;
        summary_[index / 4096] |= std::uint64_t(1) << index / 64 % 64;
    }

    void unmark(std::uint32_t index)
    {
        words_[index / 64] &= ~(std::uint64_t(1) << index % 64);
        if (words_[index / 64] == 0)
            summary_[index / 4096] &= ~(std::uint64_t(1) << index / 64 % 64);
    }

    // Next occupied level above an emptied one, or -1.
    std::int32_t above(std::uint32_t index) const
    {
        std::uint32_t word = index / 64;
        std::uint64_t bits = words_[word] & ~std::uint64_t(0) << index % 64;
        if (bits == 0) {
            std::uint32_t group = word / 64;
            bits = summary_[group] & ~std::uint64_t(1) << word % 64;
            while (bits == 0) {
                if (++group == summary_.size())
                    return -1;
                bits = summary_[group];
            }
            word = group * 64 + __builtin_ctzll(bits);
            bits = words_[word];
        }
        return word * 64 + __builtin_ctzll(bits);
    }

    // Next occupied level below an emptied one, or -1.
    std::int32_t below(std::uint32_t index) const
    {
        std::uint32_t word = index / 64;
        std::uint64_t bits = words_[word] & ((std::uint64_t(1) << index % 64) - 1);
        if (bits == 0) {
            std::uint32_t group = word / 64;
            bits = summary_[group] & ((std::uint64_t(1) << word % 64) - 1);
            while (bits == 0) {
                if (group-- == 0)
                    return -1;
                bits = summary_[group];
            }
            word = group * 64 + 63 - __builtin_clzll(bits);
            bits = words_[word];
        }
        return word * 64 + 63 - __builtin_clzll(bits);
    }

    std::int32_t low_, high_;
    std::vector<Order> orders_;
    std::vector<Level> levels_;
    std::vector<std::uint64_t> words_, summary_;
    std::vector<std::int32_t> slot_of_;
    std::int32_t free_, best_[2];
    std::size_t rejects_;
};

// Processor time of this thread, like Python's time.thread_time; wall time where there is none.
std::int64_t now_ns()
{
#ifdef CLOCK_THREAD_CPUTIME_ID
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
#else
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
#endif
}

}  // namespace

int main(int count, char** given)
{
    if (count != 7) {
        std::fputs("usage: twin MESSAGES FILLS LOWEST HIGHEST HIGHEST_ID MOST_ORDERS\n", stderr);
        return 2;
    }
    std::ifstream input(given[1], std::ios::binary | std::ios::ate);
    std::vector<Message> messages(std::size_t(input.tellg()) / sizeof(Message));
    input.seekg(0);
    input.read(reinterpret_cast<char*>(messages.data()), messages.size() * sizeof(Message));
    if (!input) {
        std::fputs("the file of messages cannot be read\n", stderr);
        return 1;
    }
    Book book(std::atoi(given[3]), std::atoi(given[4]), std::atoi(given[5]), std::atoi(given[6]));
    // A message cannot cause more fills than orders rest, and a maker is gone at most once.
    std::vector<Fill> fills(2 * messages.size() + 1);
    std::size_t n_fills = 0;
    std::string line;
    while (std::getline(std::cin, line)) {
        book.clear();
        const std::int64_t start_ns = now_ns();
        n_fills = book.process(messages, fills);
        const std::int64_t stop_ns = now_ns();
        std::cout << stop_ns - start_ns << ' ' << n_fills << ' ' << book.rejects() << std::endl;
    }
    std::ofstream output(given[2], std::ios::binary);
    output.write(reinterpret_cast<const char*>(fills.data()), n_fills * sizeof(Fill));
    return output ? 0 : 1;
}
