type Environment = Readonly<Record<string, string | undefined>>;

export declare const schedulerVariables: readonly string[];
export declare function isUnderScheduler(environment: Environment): boolean;
export declare function stoppedExitCode(asked: number | undefined, environment: Environment): number;
export declare function parseExitCode(text: string | undefined): number | undefined;
export declare function earlyStoppedExitCode(parameters: readonly string[], environment: Environment): number;
