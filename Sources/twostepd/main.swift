import Administration
import Glibc

// One executable is both programs, told apart by the name it was started under.
let program = CommandLine.arguments.first?.split(separator: "/").last
if program == "twostepd" {
    // The daemon's own command takes over here.
    _ = unsafe fputs("twostepd: this build has no daemon\n", stderr)
    exit(1)
} else {
    AdministrationCommand.runProgram()
}
