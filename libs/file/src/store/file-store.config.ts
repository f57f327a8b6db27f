import { BooleanVariable, EndpointVariable, SecretVariable, type SelfCheckingConfig } from '@app/platform';
import { IsIn, IsOptional, Matches, ValidateIf } from 'class-validator';
import type { FileStoreName } from '../files/file.row.js';

const FILE_STORES: FileStoreName[] = ['postgresql', 's3'];

/** Where the bytes of files are. */
export class FileStoreConfig implements SelfCheckingConfig {
  /** Where new files go: `postgresql`, into the database, or `s3`, into a bucket. Files that are there already stay where they are. */
  @IsIn(FILE_STORES)
  FILE_STORE: FileStoreName = 'postgresql';

  /** The bucket, in S3 or a service that speaks like it. Needed as long as files are in it, whatever `FILE_STORE` says. */
  @ValidateIf(({ FILE_STORE, S3_BUCKET }: FileStoreConfig) => FILE_STORE === 's3' || S3_BUCKET !== undefined)
  @Matches(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { message: '$property must be the name of a bucket' })
  S3_BUCKET?: string;

  /** The region of the bucket. Other services than AWS take any, or say which. */
  @Matches(/^[a-z0-9-]{1,63}$/, { message: '$property must be the name of a region, such as us-east-1' })
  S3_REGION = 'us-east-1';

  /** The address of a service that speaks like S3; blank: AWS. */
  @IsOptional()
  @EndpointVariable()
  S3_ENDPOINT?: string;

  /** The id of the access key. Blank, with `S3_SECRET_ACCESS_KEY`: what the surroundings give, such as the role of the machine or pod. */
  @IsOptional()
  @SecretVariable()
  S3_ACCESS_KEY_ID?: string;

  /** The secret of the access key. */
  @IsOptional()
  @SecretVariable()
  S3_SECRET_ACCESS_KEY?: string;

  /** Whether the bucket stands in the path of addresses (`https://s3.example/bucket/…`) and not before the host; most services but AWS want it. */
  @BooleanVariable()
  S3_FORCE_PATH_STYLE = false;

  findProblems(): string[] {
    const isWhole = (this.S3_ACCESS_KEY_ID === undefined) === (this.S3_SECRET_ACCESS_KEY === undefined);
    return isWhole ? [] : ['S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set both, or neither'];
  }
}
