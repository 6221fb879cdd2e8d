import { Module } from '@nestjs/common';

/** The notifier serves nothing over HTTP of its own; its consumers come and go with the subscriptions. */
@Module({})
export class NotifierModule {}
