/// One instant, as every decision is given it: nothing in the heart looks at a clock.
package struct Moment: Equatable, Sendable {
    /// Seconds since 1970 by the wall clock, which anybody with the right can set.
    package var wall: Int64
    /// Milliseconds on CLOCK_BOOTTIME: counts suspend, cannot be set, begins anew with each boot.
    package var boottime: Int64
    /// The first eight bytes of the kernel's boot id, which tells one boot's `boottime` from another's.
    package var boot: Int64

    package init(wall: Int64, boottime: Int64, boot: Int64) {
        self.wall = wall
        self.boottime = boottime
        self.boot = boot
    }
}
