import CPOSIX
import Foundation
import Testing
import Wire

/// What was typed is nowhere in the process once the login is over (CVE-2018-20781 is the contrary).
@Suite struct ModuleMemoryTests {
    /// The secret is made of this, so that it stands nowhere by itself.
    private static func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: 0x21 &+ (index &* 29 &+ 7) % 90) }

    @Test func `keeps nothing of what was typed`() throws {
        let daemon = try FakeDaemon { daemon in
            try daemon.receive()
            daemon.prompt(.secret, "Code: ")
            try daemon.discard()
            daemon.prompt(.secret, "Again: ")
            try daemon.discard()
            daemon.verdict(.denied)
        }
        do {
            let application = try ScriptedApplication(
                lines: ["auth required \(try BuiltModule.path()) socket=\(daemon.path)"],
                .makes(40, Self.byte), .makes(40, Self.byte))
            #expect(application.authenticate() == "PAM_AUTH_ERR")
        }
        _ = daemon.end()
        #expect(try occurrences() == 0)
        // The control shows that the search finds what is there.
        let place = UnsafeMutablePointer<UInt8>.allocate(capacity: 40)
        for index in 0..<40 { unsafe place[index] = Self.byte(index) }
        #expect(try occurrences() > 0)
        unsafe posix_wipe(place, 40)
        unsafe place.deallocate()
    }

    /// How often the secret stands in the memory that this process can write to.
    private func occurrences() throws -> Int {
        let memory = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/mem"))
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
        var found = 0
        let room = 1 << 20
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
        defer {
            unsafe posix_wipe(buffer, room)
            unsafe buffer.deallocate()
        }
        for line in maps.split(separator: "\n") where line.contains(" rw") {
            let range = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard range.count == 2 else { continue }
            var offset = range[0]
            while offset < range[1] {
                let wanted = min(room, Int(range[1] - offset))
                let got = unsafe pread(memory.fileDescriptor, buffer, wanted, off_t(truncatingIfNeeded: offset))
                guard got > 40 else { break }
                found += unsafe count(UnsafeBufferPointer(start: buffer, count: got))
                // The parts overlap, so that a secret across their border is found.
                offset += UInt64(got == wanted && offset + UInt64(got) < range[1] ? got - 40 : got)
            }
        }
        return found
    }

    private func count(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var found = 0
        let first = Self.byte(0)
        for start in 0..<(bytes.count - 24) where unsafe bytes[start] == first {
            var length = 1
            while length < 24, unsafe bytes[start + length] == Self.byte(length) { length += 1 }
            if length == 24 { found += 1 }
        }
        return found
    }
}
