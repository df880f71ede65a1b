import CPOSIX
import Glibc

/// The two ends of a pipe that no program inherits.
struct Ends {
    private(set) var read: Int32 = -1
    private(set) var write: Int32 = -1

    /// A pipe; false if there is none to be had.
    mutating func open() -> Bool {
        var ends: (Int32, Int32) = (-1, -1)
        let made = unsafe withUnsafeMutablePointer(to: &ends) {
            unsafe $0.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe posix_pipe($0) }
        }
        (read, write) = ends
        return made == 0
    }

    mutating func closeRead() {
        if read >= 0 { _ = Glibc.close(read) }
        read = -1
    }

    mutating func closeWrite() {
        if write >= 0 { _ = Glibc.close(write) }
        write = -1
    }

    mutating func close() {
        closeRead()
        closeWrite()
    }
}
