import CPOSIX
public import Wire

extension Descriptor {
    /// Sends a whole frame; throws `closed` if the peer is gone, `timedOut` if it reads nothing until `deadline`.
    public borrowing func send(_ frame: borrowing FrameBuffer, before deadline: Deadline) throws(WireError) {
        try withNumber { (number) throws(WireError) in
            try frame.withBytes { (bytes) throws(WireError) in
                var sent = 0
                while sent < bytes.count {
                    let left = deadline.remaining
                    guard left > 0 else { throw .timedOut }
                    guard posix_set_send_timeout(number, Int64(left)) == 0 else { throw .system(posix_errno()) }
                    let count = bytes.withPart(from: sent, count: bytes.count) { rest in
                        unsafe rest.withUnsafeBytes { unsafe posix_send(number, $0.baseAddress, $0.count) }
                    }
                    if count > 0 {
                        sent &+= count
                        continue
                    }
                    switch posix_errno() {
                    case EINTR: continue
                    case EAGAIN: throw .timedOut
                    case EPIPE, ECONNRESET: throw .closed
                    case let code: throw .system(code)
                    }
                }
            }
        }
    }

    /// Receives one whole frame and returns its header; nothing is read past the frame's end.
    public borrowing func receive(
        into frame: inout FrameBuffer, before deadline: Deadline
    ) throws(WireError) -> FrameHeader {
        frame.clear()
        try receive(into: &frame, upTo: Wire.headerSize, before: deadline)
        let header = try frame.withBytes { (bytes) throws(WireError) in try FrameHeader(bytes) }
        try receive(into: &frame, upTo: Wire.headerSize &+ header.payloadCount, before: deadline)
        return header
    }

    /// Whether the peer has already sent something, or gone.
    public borrowing func hasInput() -> Bool {
        withNumber { posix_wait_readable($0, 0) > 0 }
    }

    private borrowing func receive(
        into frame: inout FrameBuffer, upTo goal: Int, before deadline: Deadline
    ) throws(WireError) {
        while frame.count < goal {
            let missing = goal &- frame.count
            try withNumber { (number) throws(WireError) in
                // What lies there when the time is up came too late, or was read too late: after a suspend.
                let left = deadline.remaining
                guard left > 0 else { throw .timedOut }
                var got = 0
                _ = unsafe frame.receive(atMost: missing) { (room) -> Int in
                    got = unsafe posix_receive(number, room.baseAddress, room.count)
                    return got
                }
                guard got <= 0 else { return }
                guard got < 0 else { throw .closed }
                switch posix_errno() {
                case EINTR: return
                // Waited for only now: most of what is received is there already, behind what came before it.
                case EAGAIN: guard posix_wait_readable(number, left) != 0 else { throw .timedOut }
                case ECONNRESET: throw .closed
                case let code: throw .system(code)
                }
            }
        }
    }
}
