import Administration
import ArgumentParser
import Daemon

/// One executable is all programs, told apart by the name it was started under.
@main
struct Program {
    static func main() {
        switch CommandLine.arguments.first?.split(separator: "/").last {
        case "twostepd": DaemonCommand.main()
        case "twostep-launcher": LauncherCommand.main()
        case _: AdministrationCommand.runProgram()
        }
    }
}
