import Foundation
import Testing

/// The file that ships, as the linker and the loader see it.
@Suite struct ModuleBinaryTests {
    private func lines(of program: String, _ options: String) throws -> [[Substring]] {
        try BuiltModule.output(of: program, options, try BuiltModule.path())
            .split(separator: "\n").map { $0.split(separator: " ") }
    }

    /// The undefined symbols, with their versions.
    private func undefined() throws -> [String] {
        try lines(of: "nm", "-D").filter { $0.first == "U" }.compactMap { $0.last.map(String.init) }
    }

    @Test func `needs libpam and libc, and nothing else`() throws {
        let needed = try lines(of: "readelf", "-dW").filter { $0.contains("(NEEDED)") }.compactMap(\.last)
        #expect(needed.sorted() == ["[libc.so.6]", "[libpam.so.0]"])
    }

    @Test func `exports the four entry points, and nothing else`() throws {
        let defined = try lines(of: "nm", "-D").filter { $0.count == 3 && $0[1] != "w" }.compactMap(\.last).sorted()
        #expect(defined == ["pam_sm_acct_mgmt", "pam_sm_authenticate", "pam_sm_chauthtok", "pam_sm_setcred"])
    }

    @Test func `can give memory back, and never asks for any`() throws {
        let names = try Set(undefined().map { $0.prefix { $0 != "@" } })
        #expect(names.contains("free"))
        for allocator in [
            "malloc", "calloc", "realloc", "reallocarray", "posix_memalign", "aligned_alloc", "memalign", "valloc",
            "strdup", "strndup", "asprintf", "vasprintf", "getline", "mmap", "sbrk", "brk",
        ] {
            #expect(!names.contains(Substring(allocator)))
        }
    }

    @Test func `reads no environment, starts nothing and handles no signal`() throws {
        let names = try Set(undefined().map { $0.prefix { $0 != "@" } })
        for name in [
            "getenv", "secure_getenv", "environ", "pthread_create", "fork", "vfork", "clone", "execve", "system",
            "posix_spawn", "popen", "signal", "sigaction", "atexit", "__cxa_atexit", "abort", "exit", "_exit", "dlopen",
            "printf", "fopen", "open", "openlog", "getrandom", "arc4random_buf",
        ] {
            #expect(!names.contains(Substring(name)))
        }
    }

    @Test func `runs on a glibc of 2.31`() throws {
        for symbol in try undefined() where symbol.contains("@GLIBC_") {
            let version =
                symbol.split(separator: "_").last.map { $0.split(separator: ".").compactMap { Int($0) } } ?? []
            #expect(version.count >= 2 && version[0] == 2 && version[1] <= 31, "\(symbol)")
        }
    }

    @Test func `has no path of its own to look for libraries in`() throws {
        let dynamic = try BuiltModule.output(of: "readelf", "-dW", try BuiltModule.path())
        #expect(!dynamic.contains("(RPATH)"))
        #expect(!dynamic.contains("(RUNPATH)"))
    }

    @Test func `is bound at once, stays loaded, and has no stack that can be executed`() throws {
        let dynamic = try BuiltModule.output(of: "readelf", "-dW", try BuiltModule.path())
        #expect(dynamic.contains("NOW"))
        #expect(dynamic.contains("NODELETE"))
        #expect(!dynamic.contains("(TEXTREL)"))
        #expect(!dynamic.contains("(INIT_ARRAY)") || dynamic.contains("8 (bytes)"))
        let segments = try lines(of: "readelf", "-lW")
        let stack = try #require(segments.first { $0.first == "GNU_STACK" })
        #expect(stack.contains("RW") && !stack.contains("RWE"))
        #expect(segments.contains { $0.first == "GNU_RELRO" })
        #expect(!segments.contains { $0.first == "LOAD" && $0.contains("RWE") })
    }

    @Test func `is smaller than 40 KB without its symbols`() throws {
        let copy = try PrivateFolder.make() + "/stripped.so"
        _ = try BuiltModule.output(of: "strip", "-o", copy, try BuiltModule.path())
        let size = try FileManager.default.attributesOfItem(atPath: copy)[.size] as? Int ?? .max
        #expect(size < 40_000, "\(size) bytes")
    }

    @Test func `has no arithmetic that traps`() throws {
        // What Swift compiles `+` to is an addition and a jump on overflow, to an illegal instruction.
        let code = try BuiltModule.output(of: "objdump", "-d", "--no-show-raw-insn", try BuiltModule.path())
        let jumps = code.split(separator: "\n").filter { line in
            line.split(whereSeparator: \.isWhitespace).contains { ["jo", "seto", "b.vs"].contains($0) }
        }
        #expect(jumps.isEmpty)
    }

    @Test func `copies no frame from one place to another, so that none is left unwiped`() throws {
        // A path is copied for the socket's address; the deinit of a struct of bytes used to wipe a copy.
        let code = try BuiltModule.output(of: "objdump", "-d", "--no-show-raw-insn", try BuiltModule.path())
        var function = ""
        for line in code.split(separator: "\n") {
            if line.hasSuffix(">:") { function = String(line) }
            let copies = line.contains("rep movs") || (line.contains("call") && line.contains("memcpy@plt"))
            #expect(!copies || function.contains("Listener"), "\(function) \(line)")
        }
    }

    @Test func `carries no Swift runtime`() throws {
        let symbols = try BuiltModule.output(of: "nm", try BuiltModule.path())
        for name in ["swift_retain", "swift_release", "swift_allocObject", "swift_once", "swift_slowAlloc"] {
            #expect(!symbols.contains(" \(name)"))
        }
    }
}
