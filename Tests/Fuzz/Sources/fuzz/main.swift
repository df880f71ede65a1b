import CLibFuzzer
import FuzzEntries
import Glibc

// One executable for all entries: FUZZ_ENTRY names the one that is fed. In the environment, since libFuzzer starts itself
// again with its own arguments.

let name = unsafe getenv("FUZZ_ENTRY").map { unsafe String(cString: $0) } ?? ""
guard FuzzEntry.all.contains(where: { $0.name == name }) else {
    print(FuzzEntry.all.map(\.name).joined(separator: "\n"))
    exit(name.isEmpty ? 0 : 2)
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, LLVMFuzzerTestOneInput))
