import Authentication
import CPOSIX
import Glibc
import UnixSocket

/// A descriptor that is read and written until a moment, by whoever may wait.
enum LocalStream {
    /// Writes all of `bytes`; false if the other end is gone or time is up.
    static func write(_ bytes: borrowing Secret, to descriptor: Int32, until deadline: Deadline) -> Bool {
        bytes.withBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                guard wait(for: descriptor, Int16(POLLOUT), until: deadline) else { return false }
                let rest = bytes.extracting(sent..<bytes.count)
                let count = unsafe rest.withUnsafeBufferPointer {
                    unsafe send(
                        descriptor, $0.baseAddress, $0.count,
                        Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                }
                if count > 0 {
                    sent += count
                } else if errno != EAGAIN, errno != EINTR {
                    return false
                }
            }
            return true
        }
    }

    /// Waits until a descriptor is ready for `events`, or has ended.
    static func wait(for descriptor: Int32, _ events: Int16, until deadline: Deadline) -> Bool {
        while true {
            var waited = pollfd(fd: descriptor, events: events, revents: 0)
            let found = unsafe poll(&waited, 1, deadline.remaining)
            if found > 0 { return true }
            if found == 0 || errno != EINTR { return false }
        }
    }
}
