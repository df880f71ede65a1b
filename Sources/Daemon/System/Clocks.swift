package import Authentication
import CPOSIX
import Glibc

/// Where the daemon's moments come from: the one place that looks at a clock.
package protocol Clocks: Sendable {
    func now() -> Moment
    /// What the clock on the wall shows at a moment (Unix seconds) where the machine stands; nil if that cannot be told.
    func localTime(of wall: Int64) -> LocalTime?
    /// Whether something keeps the clock on the wall right; nil if that cannot be told.
    var isSynchronized: Bool? { get }
}

/// How much time passes between two looks, which nobody can set: for measurements, never for decisions.
enum Monotonic {
    /// On CLOCK_MONOTONIC; 0 if there is none.
    static var nanoseconds: Int64 {
        var now = timespec()
        guard unsafe clock_gettime(CLOCK_MONOTONIC, &now) == 0 else { return 0 }
        return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
    }
}

/// The machine's own clocks.
package struct SystemClocks: Clocks {
    private let boot: Int64

    package init() { boot = SystemClocks.bootID() }

    package func now() -> Moment {
        Moment(wall: Self.read(CLOCK_REALTIME) / 1000, boottime: Self.read(CLOCK_BOOTTIME), boot: boot)
    }

    package func localTime(of wall: Int64) -> LocalTime? {
        var wall = time_t(wall)
        var local = unsafe tm()
        guard unsafe localtime_r(&wall, &local) != nil else { return nil }
        // tm counts from Sunday.
        let (weekday, hour, minute) = unsafe (Int(local.tm_wday), Int(local.tm_hour), Int(local.tm_min))
        return LocalTime(weekday: (weekday + 6) % 7, minute: hour * 60 + minute)
    }

    package var isSynchronized: Bool? {
        switch posix_clock_is_synchronized() {
        case 0: false
        case 1: true
        case _: nil
        }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var now = timespec()
        guard unsafe clock_gettime(clock, &now) == 0 else { return 0 }
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// The first 64 bits of the kernel's boot id (random(4)); 0 where there is none, so that delays are then
    /// taken from the wall clock of the last failure only if that boot had none either.
    private static func bootID() -> Int64 {
        let descriptor = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 36)
        let count = unsafe Glibc.read(descriptor, &text, text.count)
        let digits = String(decoding: text.prefix(max(count, 0)), as: UTF8.self).filter { $0 != "-" }.prefix(16)
        return UInt64(digits, radix: 16).map { Int64(bitPattern: $0) } ?? 0
    }
}
