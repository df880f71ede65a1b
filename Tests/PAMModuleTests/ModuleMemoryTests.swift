import CPOSIX
import Foundation
import Synchronization
import Testing
import Wire

/// What was typed is nowhere in the process once the login is over (CVE-2018-20781 is the contrary).
@Suite struct ModuleMemoryTests {
    /// The secret is made of this, so that it stands nowhere by itself. It repeats itself after 90 bytes, so that
    /// what free(3) writes to the beginning of a block hides none of it.
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
        let line = "auth required \(try BuiltModule.path()) socket=\(daemon.path)"
        let isOver = DispatchSemaphore(value: 0)
        let isSearched = DispatchSemaphore(value: 0)
        let status = Mutex("")
        // On a thread of its own, which then waits: nothing else writes over what the module left on its stack.
        Thread {
            let application = try? ScriptedApplication(lines: [line], .makes(400, Self.byte), .makes(400, Self.byte))
            status.withLock { $0 = application?.authenticate() ?? "" }
            isOver.signal()
            isSearched.wait()
        }.start()
        isOver.wait()
        defer { isSearched.signal() }
        #expect(status.withLock { $0 } == "PAM_AUTH_ERR")
        #expect(try occurrences() == 0)
        _ = daemon.end()
        // The control shows that the search finds what is there. While other tests map and unmap memory, one reading
        // of the maps may miss a region.
        var isLocked: Int32 = 0
        guard let page = unsafe posix_map_secret(4096, &isLocked) else {
            Issue.record("no memory for the control")
            return
        }
        for index in 0..<40 { unsafe page.storeBytes(of: Self.byte(index), toByteOffset: index, as: UInt8.self) }
        #expect(try (1...10).contains { _ in try occurrences() > 0 })
        unsafe posix_unmap_secret(page, 4096)
    }

    /// How often the secret stands in the memory that this process can write to.
    private func occurrences() throws -> Int {
        let memory = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/mem"))
        let maps = try self.maps()
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

    /// The whole of /proc/self/maps: it has no size, and comes a page at a time.
    private func maps() throws -> String {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/maps"))
        var content = Data()
        while let part = try file.read(upToCount: 4096), !part.isEmpty { content += part }
        return String(decoding: content, as: UTF8.self)
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
